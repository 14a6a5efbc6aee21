#!/usr/bin/env python3
"""Holds the source against the rooms: `rooms.py SOURCE_DIR BUILD_DIR`.

Fails when a room includes a header of a room that it does not link, when the rooms' links form a cycle, when a
third-party library is included outside the rooms that may use it, or when a folder with sources is no room.
The links are those of CMake (BUILD_DIR/rooms.txt).
"""
import pathlib
import re
import sys

# Which rooms may include which third-party headers. A room is a folder; '*' is every room.
THIRD_PARTY = {
    r"oneapi/|dnnl": ["model/ops"],
    r"opencv2/": ["model/image"],
    r"prometheus/": ["server/metrics"],
    r"CivetServer|civetweb": ["server/http"],
    r"grpcpp/|grpc/|grpc\+\+/": ["server/net", "server/rpc", "client", "client/base", "client/load"],
    r"nlohmann/": ["model/weights", "model/bundle", "model/verify", "model/bench", "client", "client/load",
                   "server/simulate"],
    r"CLI/": ["server", "client", "client/load", "model/verify", "model/bench", "server/simulate"],
    r"openssl/": ["model/base"],
    r"immintrin|x86intrin": ["model/kernels", "model/bench"],
}
# Rooms that must do without abseil, and without the standard library's containers.
BARE_ROOM = "model/kernels"
BARE_ALLOWED = re.compile(r"<(immintrin\.h|cpuid\.h|c(stddef|stdint|math|string|float)|math\.h|stddef\.h|stdint\.h)>")
GENERATED = re.compile(r'(pb|version)\.h"$')
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"][^>"]+[>"])', re.M)


def read_rooms(build_dir):
    """{folder: set of folders it links}, from NAME FOLDER DEPENDENCY… lines; a folder may hold several libraries."""
    rows = [line.split() for line in (build_dir / "rooms.txt").read_text().splitlines() if line.strip()]
    folder_of = {row[0]: row[1] for row in rows}
    rooms = {}
    for row in rows:
        links = {folder_of[d.removeprefix("edgenext::")] for d in row[2:] if d.removeprefix("edgenext::") in folder_of}
        rooms.setdefault(row[1], set()).update(links - {row[1]})
    return rooms


def find_cycle(rooms):
    done, path = set(), []

    def visit(room):
        if room in path:
            return path[path.index(room):] + [room]
        if room in done:
            return None
        path.append(room)
        for link in sorted(rooms.get(room, ())):
            cycle = visit(link)
            if cycle:
                return cycle
        path.pop()
        done.add(room)
        return None

    for room in sorted(rooms):
        cycle = visit(room)
        if cycle:
            return cycle
    return None


def check_file(path, room, rooms, faults):
    links = rooms.get(room, set())
    for include in INCLUDE.findall(path.read_text()):
        name = include[1:-1]
        for pattern, allowed in THIRD_PARTY.items():
            if re.match(pattern, name) and not GENERATED.search(include) and room not in allowed:
                faults.append(f"{path}: {include} may be included only in {', '.join(allowed)}")
        if room == BARE_ROOM and include.startswith("<") and not BARE_ALLOWED.fullmatch(include):
            faults.append(f"{path}: {include} does not belong into {BARE_ROOM}")
        if include.startswith("<") or name.split("/")[0] not in ("model", "server", "client"):
            continue
        target = name.rsplit("/", 1)[0]
        if target != room and target not in links:
            faults.append(f"{path}: includes {name}, but {room} does not link {target}")


def main():
    source_dir, build_dir = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rooms = read_rooms(build_dir)
    faults = []
    cycle = find_cycle(rooms)
    if cycle:
        faults.append("rooms link in a circle: " + " → ".join(cycle))
    files = 0
    for top in ("model", "server", "client"):
        for path in sorted((source_dir / top).rglob("*")):
            if path.suffix not in (".cc", ".h"):
                continue
            files += 1
            room = str(path.parent.relative_to(source_dir))
            if room not in rooms:
                faults.append(f"{path}: {room} is not a room")
            check_file(path, room, rooms, faults)
    for fault in faults:
        print(fault)
    print(f"{files} files in {len(rooms)} rooms, {len(faults)} faults")
    return 1 if faults or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
