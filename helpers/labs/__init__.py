"""Settings -> numbers -> picture. What a lab is, as plain data; how it reaches the eye is helpers.pages' business."""
