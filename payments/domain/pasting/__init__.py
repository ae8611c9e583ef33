"""What somebody pastes from a spreadsheet: text → cells → columns → rows → what each row is of ours. Pure."""
