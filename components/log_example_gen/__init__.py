"""LogExampleGen: impression, click and conversion logs in, labelled tf.Examples out.

`component` and `executor` are the rim that TFX sees. `transforms` wires the Beam steps. Everything
else is the heart and runs without TFX: `files` finds the logs, `read` opens them, `cast` and
`values` type and check each row, `partition` deals rows out by id, `join` attributes clicks and
conversions, `encode` and `tfrecord` write them, `ledger` counts every row's fate.
"""
