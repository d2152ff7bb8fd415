"""`python -m pipeline` is `funnelrank`."""

from pipeline.cli import main

main(prog_name="funnelrank")
