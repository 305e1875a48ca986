"""A folder with an image of the neutral face of each subject."""

from __future__ import annotations

from pathlib import Path, PurePath

from ..exceptions import FerError
from ..media.decoding import IMAGE_SUFFIXES
from ..media.media_files import files_in_folder

#: Number of files that a message lists.
MAX_LISTED_FILES = 5


class NeutralImages:
    """Neutral images by subject: a file is named after its subject, and so are the images of the subject.

    The image ``S010_003.png``, and images in a folder ``S010``, belong to the neutral image ``S010.png``.

    Parameters
    ----------
    folder : Path

    Attributes
    ----------
    files : dict of str to Path
        File of each subject.

    Raises
    ------
    FerError
        If the folder contains no image, or two images of one subject.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.files: dict[str, Path] = {}
        for file in sorted(files_in_folder(folder, IMAGE_SUFFIXES, recursive=False)):
            if file.stem in self.files:
                raise FerError(
                    f"{folder} contains {self.files[file.stem].name} and {file.name}: one neutral image of "
                    "each subject is needed"
                )
            self.files[file.stem] = file
        if not self.files:
            raise FerError(f"{folder} contains no image: a neutral image of each subject is needed")

    def file_for(self, name: str) -> Path:
        """The neutral image that belongs to an image.

        Parameters
        ----------
        name : str
            Path of the image.

        Raises
        ------
        FerError
            If there is none.
        """
        path = PurePath(name)
        subjects = [subject for subject in self.files if _is_named_after(path, subject)]
        if not subjects:
            listed = ", ".join(file.name for file in list(self.files.values())[:MAX_LISTED_FILES])
            more = ", ..." if len(self.files) > MAX_LISTED_FILES else ""
            raise FerError(
                f"no neutral image in {self.folder} belongs to {name}: its name, or the name of its folder, must begin "
                f"with the name of one of {listed}{more}"
            )
        return self.files[max(subjects, key=len)]


def _is_named_after(path: PurePath, subject: str) -> bool:
    follows = path.stem[len(subject) : len(subject) + 1]
    return (path.stem.startswith(subject) and not follows.isalnum()) or subject in path.parts[:-1]
