"""t2t-serve under load, measured from another process: errors, latency, memory, throughput.

    python benchmarks/serving.py --export_dir=runs/quickstart/export/student_ctc_bigrams \
        --source=new.de --clients=64 --seconds=600 --fuzz=3000

One client asks first, a sentence at a time, for a tenth of the time; then all of them, each its
next when the last is answered. The server's memory is read from its /metrics. `--fuzz` sends
so many bodies with wrong bytes. Ends with 1 if there was an error.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

STEMS = (
    b'{"text": "ein Hund\\nzwei"}',
    b'{"sentences": ["a", "b\\u00e9", ""]}',
    b'{"signature_name": "serving_default", "instances": [{"text": "a"}, "b"]}',
)


async def ask(reader, writer, path, body):
    """One request on a connection that is kept: status and body."""
    head = f"POST {path} HTTP/1.1\r\nHost: s\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    return await answer(reader)


async def answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    lengths = [line.split(":")[1] for line in head if line.lower().startswith("content-length:")]
    return int(head[0].split()[1]), await reader.readexactly(int(lengths[0]))


async def metric(address, name):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: s\r\n\r\n")
    _, text = await answer(reader)
    writer.close()
    lines = (line.split() for line in text.decode().splitlines())
    return next(float(line[1]) for line in lines if line and line[0] == name)


async def load(address, path, sentences, clients, seconds):
    """Latencies in seconds, answers that weren't 200, and megabytes of memory over time."""
    until, times, wrong, memory = time.monotonic() + seconds, [], [], []

    async def client(number):
        drawn = random.Random(number)
        reader, writer = await asyncio.open_connection(*address)
        while time.monotonic() < until:
            text = drawn.choice(sentences)
            body = json.dumps({"instances": [{"text": text}]}).encode()
            start = time.monotonic()
            status, told = await ask(reader, writer, path, body)
            times.append(time.monotonic() - start)
            if status != 200:
                wrong.append((status, told))
        writer.close()

    async def watch():
        while time.monotonic() < until:
            memory.append(await metric(address, "process_resident_memory_bytes") / 2**20)
            await asyncio.sleep(min(5.0, seconds / 20))

    await asyncio.gather(watch(), *map(client, range(clients)))
    return times, wrong, memory


async def fuzz(address, path, number):
    """Statuses of bodies with wrong bytes, by how often."""
    drawn, counts = random.Random(18), {}
    reader, writer = await asyncio.open_connection(*address)
    for _ in range(number):
        body = bytearray(drawn.choice(STEMS))
        for _ in range(drawn.randint(1, 4)):
            place = drawn.randrange(len(body) + 1)
            if drawn.random() < 0.5:
                del body[place : place + drawn.randint(1, 9)]
            else:
                body[place:place] = drawn.randbytes(drawn.randint(1, 20))
        status, _ = await ask(reader, writer, drawn.choice(("/translate", path)), bytes(body))
        counts[status] = counts.get(status, 0) + 1
    writer.close()
    return counts


def facts(times, seconds):
    cuts = statistics.quantiles(times, n=100)
    named = ((50, "median"), (95, "p95"), (99, "p99"))
    percentiles = {f"{name}_ms": round(1000 * cuts[place - 1], 2) for place, name in named}
    return {"requests": len(times), "a_second": round(len(times) / seconds, 1), **percentiles}


async def measure(options, address, name):
    sentences = Path(options.source).read_text("utf-8").splitlines()
    path = f"/v1/models/{name}:predict"
    alone = options.seconds / 10
    await load(address, path, sentences, options.clients, 3.0)
    one, wrong, _ = await load(address, path, sentences, 1, alone)
    many, more, memory = await load(address, path, sentences, options.clients, options.seconds)
    settled = memory[len(memory) // 10 :]
    told = {
        "one": facts(one, alone),
        "many": {"clients": options.clients, **facts(many, options.seconds)},
        "ratio": round(len(many) / options.seconds / (len(one) / alone), 2),
        "wrong": len(wrong) + len(more),
        "memory_mib": [round(min(settled), 1), round(max(settled), 1)],
        "load_average": round(os.getloadavg()[0], 1),
    }
    if options.fuzz:
        told["fuzz"] = await fuzz(address, path, options.fuzz)
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--export_dir", required=True)
    parser.add_argument("--source", required=True, help="sentences, one a line")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--fuzz", type=int, default=0)
    parser.add_argument("serve", nargs="*", help="more flags of t2t-serve, behind --")
    options = parser.parse_args()
    command = [sys.executable, "-m", "t2t_hint_nart.bin.t2t_serve", "--port=0"]
    command += [f"--export_dir={options.export_dir}", "--servable_name=model", *options.serve]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            host, _, port = process.stdout.readline().split("http://")[1].strip().rpartition(":")
            address = (host, int(port))
            while not asyncio.run(metric(address, "t2t_ready")):
                time.sleep(0.2)
            told = asyncio.run(measure(options, address, "model"))
        finally:
            process.terminate()
    print(json.dumps(told, indent=1))
    odd = set(told.get("fuzz", {})) - {200, 400, 413}
    sys.exit(1 if told["wrong"] or odd or process.returncode else 0)


if __name__ == "__main__":
    main()
