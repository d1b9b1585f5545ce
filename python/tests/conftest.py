"""pytester runs the plugin as a user has it: in a pytest of its own."""

pytest_plugins = ["pytester"]
