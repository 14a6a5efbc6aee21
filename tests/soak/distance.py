"""A server that is 20 ms away: a TCP proxy on loopback that holds every byte for half a round trip."""

import asyncio
import threading

import processes

ROUND_TRIP_MS = 20


class DelayingProxy:
    """Forwards connections to `target` with the delay in either direction, on a thread of its own."""

    def __init__(self, target, round_trip_ms):
        self._host, port = target.rsplit(":", 1)
        self._port = int(port)
        self._delay = round_trip_ms / 2000
        self._tasks = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait()

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._closed = asyncio.Event()
        server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0)
        self.address = "127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._closed.wait()
        server.close()  # asyncio.run ends the tasks

    async def _on_connection(self, reader, writer):
        there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = self._loop.create_task(self._forward(source, sink))
            self._tasks.add(task)  # the loop would not keep it
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, source, sink):
        try:
            while data := await source.read(1 << 20):
                self._loop.call_later(self._delay, self._write, sink, data)
            await asyncio.sleep(self._delay)
        except OSError:
            pass  # the connection was cut off
        finally:
            sink.close()

    @staticmethod
    def _write(sink, data):
        if not sink.is_closing():
            sink.write(data)

    def close(self):
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join()


def distance(context, checks):
    """The first request of a connection, and later ones, in round trips."""
    requests = context.pick(50, 5)
    with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER, "--input-size=256") as server:
        reports = {}
        for round_trip in (0, ROUND_TRIP_MS):
            proxy = DelayingProxy(server.grpc, round_trip)
            server_there = type("Address", (), {"grpc": proxy.address, "http": server.http})
            reports[round_trip] = processes.run_load(
                context.programs, server_there, "--concurrency=1", "--connections=1", "--tensor", "--input-size=256",
                "--warm-up=0", f"--duration={requests * 0.05 + 1}s")
            proxy.close()
    service = reports[0]["ok_ms"]["p50"]
    first = reports[ROUND_TRIP_MS]["ok_ms"]["max"]
    later = reports[ROUND_TRIP_MS]["ok_ms"]["p50"]
    checks.add("first request of 196 kB, 20 ms away", (first - service) / ROUND_TRIP_MS, "round trips", "<=", 3,
               detail=f"{first:.1f} ms, service {service:.1f} ms")
    checks.add("later requests of 196 kB, 20 ms away", (later - service) / ROUND_TRIP_MS, "round trips", "<=", 1.2,
               detail=f"{later:.1f} ms at the median")
