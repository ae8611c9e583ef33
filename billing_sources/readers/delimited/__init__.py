"""Files of delimited records of many types, read by a declared layout (formats.md §1.13, appendix B). Pure.

A layout is a table of record types and their columns; a new delimited source declares one and writes no reader.
"""
