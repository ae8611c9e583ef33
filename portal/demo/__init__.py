"""The demo carrier: Meridian Networks, its customers and their people, months of bills, and a life lived in them."""
