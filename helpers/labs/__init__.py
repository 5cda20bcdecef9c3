"""Settings -> numbers -> picture. What a lab is, as plain data; how it is shown is for helpers.pages."""
