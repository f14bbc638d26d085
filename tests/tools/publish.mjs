// Publishes events as JavaScript programs do: the CloudEvents SDK with its defaults.
//
// publish.mjs ADDRESS      binary and structured mode, by a fetch and by the SDK's own emitter

import { CloudEvent, HTTP, Mode, emitterFor, httpTransport } from "cloudevents";

const address = `${process.argv[2]}/api/v1/events`;

/** A person who was admitted and is ready for discharge; nothing says when it was recorded. */
function events(stay) {
  const facts = { admitted: { method: "emergency" }, ready: { date: "2026-03-02" } };
  return Object.entries(facts).map(
    ([fact, more]) =>
      new CloudEvent({
        id: `${stay}-${fact}`,
        source: "/sdk/javascript",
        type: `care.joinedup.transfer.${fact}.v1`,
        data: { transfer: stay, area: "hv-north-1", ...more },
      }),
  );
}

async function post({ headers, body }) {
  const answer = await fetch(address, { method: "POST", headers, body });
  if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
}

for (const event of events("js-binary")) await post(HTTP.binary(event));
for (const event of events("js-structured")) await post(HTTP.structured(event));
for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
  const emit = emitterFor(httpTransport(address), { mode });
  for (const event of events(`js-emitted-${mode}`)) {
    const answer = JSON.parse((await emit(event)).body);
    if (answer.accepted !== 1) throw new Error(`${mode}: ${JSON.stringify(answer)}`);
  }
}
