"""`python -m powderkeg` is the `powderkeg` command."""

from .cli import main

if __name__ == "__main__":
    main()
