import requests
from fastapi import FastAPI

from shop import store

app = FastAPI()


@app.get("/orders/{order_id}")
def get_order(order_id: int):
    return store.find(order_id)


@app.post("/orders/{order_id}/ship")
def ship(order_id: int):
    conn = store.connect()
    try:
        with conn.cursor() as cursor:
            cursor.execute("UPDATE orders SET state = 'shipped' WHERE id = %s", [order_id])
        requests.post("https://parcels.example/labels", json={"order": order_id}, timeout=30)
        conn.commit()
    finally:
        conn.close()
