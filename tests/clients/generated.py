"""Uses the client that openapi-python-client made of the server's own document: publishes a batch, and reads a chart.

generated.py FOLDER URL      FOLDER holds the generated package `joinedup_client`
"""

import sys

sys.path.insert(0, sys.argv[1])

from joinedup_client import Client
from joinedup_client.api.charts import read_chart
from joinedup_client.api.events import publish_events
from joinedup_client.models import Chart, CloudEvent, Problem, Published


def event(fact, more):
    return CloudEvent.from_dict(
        {
            "specversion": "1.0",
            "type": f"care.joinedup.transfer.{fact}.v1",
            "source": "/generated/client",
            "id": f"generated-{fact}",
            "time": "2026-03-02T09:00:00Z",
            "data": {"transfer": "generated", "area": "hv-north-1", **more},
        }
    )


def wanted(answer, kind):
    if not isinstance(answer, kind):
        sys.exit(f"not {kind.__name__}: {answer}")
    return answer


client = Client(base_url=sys.argv[2])
batch = [event("admitted", {"method": "emergency"}), event("ready", {"date": "2026-03-02"})]
published = wanted(publish_events.sync(client=client, body=batch), Published)
again = wanted(publish_events.sync(client=client, body=batch), Published)
refused = wanted(publish_events.sync(client=client, body=[event("ready", {"date": "soon"})]), Problem)
chart = wanted(read_chart.sync("tr-ready-now", client=client, area="havenshire"), Chart)
print(published.accepted, again.duplicates, refused.errors[0].pointer, chart.measure, chart.points[0].state.value)
