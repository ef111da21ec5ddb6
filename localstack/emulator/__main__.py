"""Starts the AWS emulator, with its streams and the processes of its functions changed where Tidemark needs it."""
import streams
import workers
from ministack.app import main

if __name__ == "__main__":
    streams.change()
    workers.change()
    main()
