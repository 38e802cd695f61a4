"""The networks: stock layers of Keras, and how they are fitted; in numpy alone but for two modules."""
