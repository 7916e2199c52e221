"""Commands by subject, and the parts that they share; `jaxsim.cli` puts them together."""
