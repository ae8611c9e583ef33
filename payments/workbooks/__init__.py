"""The Excel round trip: a pay run or the tags of a filter go out as a workbook, and come back with what was changed."""
