import psycopg2


def connect():
    return psycopg2.connect("dbname=shop")


def find(order_id):
    conn = connect()
    cursor = conn.cursor()
    cursor.execute("SELECT * FROM orders WHERE id = %s", [order_id])
    order = cursor.fetchone()
    conn.close()
    return order
