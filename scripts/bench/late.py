#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""late.py PORT TO SECONDS: passes connections to PORT on to TO, each byte SECONDS late each way.

A long wire, not a thin one: any number of bytes may be under way.
"""

import asyncio
import sys


async def carry(reader, writer, late):
    """Copies until the end; what is read is written when its time has come, in order."""
    loop = asyncio.get_running_loop()
    wire = asyncio.Queue()

    async def deliver():
        while True:
            due, data = await wire.get()
            wait = due - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    data = True
    while data:
        try:
            data = await reader.read(1 << 20)
        except OSError:
            data = b""
        wire.put_nowait((loop.time() + late, data))
    await delivery


async def main(port, to, late):
    async def accept(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", to)
            await asyncio.gather(
                carry(reader, there[1], late), carry(there[0], writer, late)
            )
        except OSError as error:
            print(error, file=sys.stderr)
            writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
