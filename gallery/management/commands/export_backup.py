"""`manage.py export_backup`: see `gallery.transfer.backup`."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.management.progress import bar
from gallery.transfer import backup
from gallery.transfer.backup_parts import parts


class Command(BaseCommand):
    help = "Writes the whole library into one ZIP archive, which restore_backup can restore."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.zip")
        for part in parts:
            help_ = f"Also write {part} into it; see docs/backup.md."
            parser.add_argument(
                f"--with-{part}", action="append_const", dest="also", const=part, help=help_
            )
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        progress = bar("Backup")
        archive = backup.backup_archive(also=options["also"] or ())
        try:
            for written in backup.write_backup(archive, file):
                progress(written, archive.size)
        except OSError as error:
            raise CommandError(f"{file} could not be written: {error.strerror}") from None
        finally:
            archive.close()
        count = archive.count - len(archive.gone)
        answer = {"pictures": count, "failed": archive.failed, "bytes": archive.size}
        self.stdout.write(
            json.dumps(answer)
            if options["json"]
            else f"{count} pictures in {file}, {archive.size} bytes."
        )
        if archive.failed:
            raise CommandError(
                f"{archive.failed} pictures could not be read; library.jsonl in the archive "
                "names them and what is known of them."
            )
