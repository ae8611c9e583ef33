"""The billing systems, one value in one file each. Adapters never import each other. Pure."""
