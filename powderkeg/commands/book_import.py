"""`powderkeg book import`."""
import typer
book = typer.Typer(help="Books from brokers' exports.", no_args_is_help=True)
