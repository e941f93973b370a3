"""Pictures that come from elsewhere and go there: imports, exports, backups."""
