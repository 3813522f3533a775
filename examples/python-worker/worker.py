"""A worker process: does a piece of work every few seconds, and finishes the present one before it stops."""

import os
import signal
import threading

stopping = threading.Event()


def work(number):
    print(f"worker {os.environ.get('TASUKI_INSTANCE', 'local')}: piece {number} done", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    number = 0
    while not stopping.is_set():
        number += 1
        work(number)
        stopping.wait(float(os.environ.get("PAUSE_SECONDS", "2")))
    print("worker: finished", flush=True)


if __name__ == "__main__":
    main()
