"""`make torture`: the whole product under load while its parts are killed; then everything promised is counted.

    .venv/bin/python -m torture [--faults 100] [--seed 1]

`machine` starts the product on a small disk of its own and breaks it, `visitors` are its users and write down
what the product promised them, `faults` are what is done to it, `reckoning` compares the promises with the
database, the disk and the mail server.
"""
