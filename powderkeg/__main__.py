"""`python -m powderkeg` is the `powderkeg` command."""

from .commands import main

if __name__ == "__main__":
    main()
