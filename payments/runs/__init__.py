"""The pages of a pay run: build, submit, review, approve, release."""
