"""The browser client, in Chromium, against the local tracker."""
