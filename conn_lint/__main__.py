"""`python -m conn_lint` is the command `conn-lint`."""

from conn_lint.cli import main

if __name__ == "__main__":
    main(prog_name="conn-lint")
