"""`worker`: trains along with the process that runs the pipeline."""

import os

import click

from pipeline.errors import Misuse, RunFailed


@click.command()
def worker() -> None:
    """Train along with the process that runs the pipeline, as TF_CONFIG says.

    With strategy: multi_worker it leaves when the training has ended; with parameter_server it
    serves one training after the other until it is stopped.
    """
    import logging

    from models.cluster import ClusterError, read_cluster

    try:
        read_cluster(os.environ)  # a wrong one need not wait for TensorFlow's import
        from models.progress import LOGGER
        from models.together import follow

        logging.basicConfig(format="%(asctime)s %(message)s")
        logging.getLogger(LOGGER).setLevel(logging.INFO)
        follow()
    except ValueError as error:
        raise Misuse(str(error)) from error
    except ClusterError as error:
        raise RunFailed(str(error)) from error
