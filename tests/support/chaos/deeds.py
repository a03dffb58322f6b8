"""What befalls a sweep besides signals: other programs and people at its files."""

import shutil
import sqlite3
import subprocess

NOT_CHECKED = 6  # of headway fsck
HELD, READ, REBUILT, DELETED = "store held", "store read", "store rebuilt", "store deleted"
NO_TEMPORARY = "no TMPDIR"


class Deeds:
    """Each is named by the victim of a fault, and undone after the seconds that the fault says."""

    def __init__(self, programs, run):
        self.programs = programs
        self.run = run
        self.rebuilds = []
        self.by_name = {HELD: self.hold_store, READ: self.read_store, REBUILT: self.rebuild_store,
                        DELETED: self.delete_store, NO_TEMPORARY: self.take_temporary_folder}

    def do(self, name):
        """What undoes it; nothing when it could not be done now."""
        return self.by_name[name]()

    @property
    def store(self):
        return self.run.results / "results.sqlite"

    def hold_store(self):
        """As a person does who changes something by hand and leaves the transaction open."""
        return self.open_transaction("begin exclusive")

    def read_store(self):
        """As a person does who looks at the store and does not read all of the answer."""
        return self.open_transaction("begin", "select * from trials")

    def open_transaction(self, *statements):
        if not self.store.exists():
            return None
        connection = sqlite3.connect(self.store, timeout=0, isolation_level=None)
        try:
            for statement in statements:
                connection.execute(statement).fetchone()
        except sqlite3.DatabaseError:  # someone writes just now, or has not yet made its tables
            connection.close()
            return None
        return connection.close

    def rebuild_store(self):
        if not self.store.exists():
            return None
        log = open(self.run.logs / f"rebuild-{len(self.rebuilds)}.log", "wb")
        with log:
            self.rebuilds.append(subprocess.Popen([self.programs.headway, "fsck", self.run.name, "--rebuild"],
                                                  env=self.run.environment(), stdin=subprocess.DEVNULL,
                                                  stdout=log, stderr=log))
        return lambda: None

    def delete_store(self):
        if not self.store.exists():
            return None
        for suffix in ("", "-journal", "-wal", "-shm"):  # not what a rebuild is writing just now
            self.store.with_name(self.store.name + suffix).unlink(missing_ok=True)
        return lambda: None

    def take_temporary_folder(self):
        aside = self.run.temporary.with_suffix(".aside")
        if aside.exists() or not self.run.temporary.exists():
            return None
        self.run.temporary.rename(aside)

        def put_back():
            shutil.rmtree(self.run.temporary, ignore_errors=True)  # someone may have made it again
            aside.rename(self.run.temporary)
        return put_back

    def problems(self):
        """Of programs that were started here."""
        for number, rebuild in enumerate(self.rebuilds):
            if rebuild.wait() not in (0, NOT_CHECKED):  # where were its files, without a TMPDIR?
                yield f"headway fsck --rebuild beside the run ended with {rebuild.returncode}: see rebuild-{number}.log"
