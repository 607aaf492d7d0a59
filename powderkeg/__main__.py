"""The `powderkeg` command, also as `python -m powderkeg`."""

import sys


def main() -> None:
    """Run the command. Ctrl-C while it is still being read ends it with a line, too."""
    try:
        from .commands import main as run
    except KeyboardInterrupt:
        print("powderkeg: stopped before anything was simulated", file=sys.stderr)
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
