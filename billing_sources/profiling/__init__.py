"""An unknown bill file, looked at: its form, its record types, what stands in each column, and a first draft. Pure.

A profile says what a file looks like, never what it means. Memory is bounded whatever the file is: see `columns`.
"""
