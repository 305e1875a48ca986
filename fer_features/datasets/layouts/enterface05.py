"""eNTERFACE'05: an audio-visual emotion database.

Videos of subjects who react to a short story for each of six emotions with five sentences, in the archive below
``enterface database``: ``subject 1/anger/sentence 1/s1_an_1.avi``. Subject and emotion are taken from the folders,
because the names of some files differ from the scheme. Some subjects have no folders of sentences.
"""

from __future__ import annotations

from ..layout import Layout

ENTERFACE05 = Layout(
    name="enterface05",
    description="eNTERFACE'05: videos of subjects who speak, six emotions",
    layout="subject 1/anger/sentence 1/s1_an_1.avi: subject, emotion, sentence",
    pattern=r"subject[ _]?(?P<subject>\d+)/(?P<label>anger|disgust|fear|happiness|sadness|surprise)/"
    r"(?:sentence[ _]?(?P<sentence>\d+)/)?[^/]+\.(avi|mp4|m4v|mov|mkv|webm|wmv)",
    apex="found",
    reference="Martin, Kotsia, Macq, Pitas, The eNTERFACE'05 audio-visual emotion database, ICDE Workshops 2006, "
    "doi:10.1109/ICDEW.2006.145",
    licence="research only",
    homepage="https://www.enterface.net/enterface05/",
)
