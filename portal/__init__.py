"""People use it: settings, sign-in, customers and rights, pages."""
