"""The networks for tables beside a plain network, boosted trees and RealMLP of pytabkit.

`python -m benchmarks.tables` in the repository's root; docs/tables.md has its table.
"""
