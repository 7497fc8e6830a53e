"""Where the shop's connections come from."""

import psycopg2
from psycopg2.pool import ThreadedConnectionPool

pool = ThreadedConnectionPool(1, 10, "dbname=shop")


def connect():
    return psycopg2.connect("dbname=shop")
