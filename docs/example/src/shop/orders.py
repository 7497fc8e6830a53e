"""Four ways to lose a connection, and one that loses none."""

from contextlib import closing

from shop.database import connect, pool


def count_orders():
    cursor = connect().cursor()
    cursor.execute("SELECT count(*) FROM orders")
    return cursor.fetchone()[0]


def cancel(order):
    conn = connect()
    cursor = conn.cursor()
    cursor.execute("UPDATE orders SET state = 'cancelled' WHERE id = %s", (order,))
    conn.commit()
    conn.close()


def ship(order):
    with connect() as conn:
        conn.cursor().execute("UPDATE orders SET state = 'shipped' WHERE id = %s", (order,))


def is_alive():
    conn = pool.getconn()
    try:
        conn.cursor().execute("SELECT 1")
    finally:
        conn.close()


def customers():
    with closing(connect()) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT name FROM customers")
        return cursor.fetchall()
