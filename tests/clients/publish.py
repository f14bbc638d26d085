"""Publishes events as Python programs do: the CloudEvents SDK over HTTP and nats-py over NATS, with their defaults.

publish.py http HOST:PORT      binary mode (the SDK sends no content type), then structured mode
publish.py nats URL            binary mode by the NATS binding, then structured mode without any header
"""

import asyncio
import http.client
import sys

import nats
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

SUBJECT = "joinedup.transfer.hv-north-1.00"


def events(stay):
    """A person who was admitted and is ready for discharge; nothing says when it was recorded."""
    facts = {"admitted": {"method": "emergency"}, "ready": {"date": "2026-03-02"}}
    for fact, more in facts.items():
        attributes = {
            "id": f"{stay}-{fact}",
            "source": "/sdk/python",
            "type": f"care.joinedup.transfer.{fact}.v1",
        }
        yield CloudEvent(attributes, {"transfer": stay, "area": "hv-north-1", **more})


def post(address, message):
    connection = http.client.HTTPConnection(address)
    connection.request("POST", "/api/v1/events", message.body, dict(message.headers))
    answer = connection.getresponse()
    if answer.status != 202:
        sys.exit(f"{answer.status}: {answer.read().decode()}")
    connection.close()


def over_http(address):
    for event in events("http-binary"):
        post(address, to_binary_event(event))
    for event in events("http-structured"):
        post(address, to_structured_event(event))


async def over_nats(url):
    connection = await nats.connect(url)
    stream = connection.jetstream()
    for event in events("nats-binary"):
        message = to_binary_event(event)
        await stream.publish(SUBJECT, message.body, headers=dict(message.headers))
    for event in events("nats-structured"):
        await stream.publish(SUBJECT, to_structured_event(event).body)
    await connection.close()


if __name__ == "__main__":
    if sys.argv[1] == "http":
        over_http(sys.argv[2])
    else:
        asyncio.run(over_nats(sys.argv[2]))
