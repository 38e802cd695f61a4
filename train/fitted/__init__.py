"""A file that is fitted already: opened in a child process, and then a model like any other."""
