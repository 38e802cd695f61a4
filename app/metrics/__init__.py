"""What is counted of the service, right across its workers, and how ``/metrics`` shows it.

Each worker counts in a slot of one shared map (slots.py, laid out in layout.py). A request is counted by one call
(recorder.py). A scrape sums the slots (series.py) and writes Prometheus' text (exposition.py).
"""
