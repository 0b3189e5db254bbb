"""`python -m harvest_async` is `harvest-async`."""

from harvest_async.cli import main

if __name__ == "__main__":
    main()
