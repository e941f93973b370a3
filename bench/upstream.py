"""An upstream for benchmarks: it answers every POST after a while with one 300 KB JPEG.

`python -m bench.upstream PORT SECONDS`
"""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter

from bench.ingest import upstream_answer


async def serve(port: int, seconds: float) -> None:
    body = upstream_answer()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    answer = head.encode() + body

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                if b"transfer-encoding: chunked" in request.lower():
                    await reader.readuntil(b"0\r\n\r\n")
                length = request.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                await asyncio.sleep(seconds)
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
