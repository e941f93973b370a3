"""Every search and filter against a plain Python reference, over odd prompts."""

import random
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gallery.index import building
from gallery.jobs import removal, tagging
from gallery.maintenance import upkeep
from gallery.models import Image, Tag
from gallery.search import facets, listing, strata, walking
from gallery.search.filters import ImageFilter
from gallery.text import fold

PICTURES = 2_000
MODELS = ["a", "A", "ａ", "é", "e", "m 1", ""]
RATIOS = ["1:1", "16:9", "9:16"]
TAGS = ["cat", "red fox", "狐", "é", "e", "ß", "🦊", "ab"]
PIECES = [
    "", "a", "ab", "abc", "abcd", "fox", "red fox", "ortres", "portrait", "Portraits",
    "Straße", "é", "e\u0301", "İ", "ﬃ", "ｱｲ", "ｶﾞ", "アイ", "狐", "红狐", "红狐狸", "紅",
    "𠀀", "𠀀𠀁", "🦊", "👩\u200d👧",
    "%", "_", "\\", "%_\\", "'", ";--", "한국어", "ไทย", "हिन्दी", "العربية", "жар", "ДОМ", "①",
    "㍿", "\u3000", "\t", "，", "。", "ﷺ", "𝐀",
]  # fmt: skip
SAMPLERS = ["", "Euler a", "DPM++ 2M", "euler"]
SEEDS = ["", "1", "12", "-7", "123456789012345678901"]
FIRST = datetime(2025, 12, 20, 10, tzinfo=UTC)


def odd_character(source):
    """From any plane, but no NUL, which no database takes, and no half of a pair."""
    while True:
        character = chr(source.randrange(1, 0x110000))
        if unicodedata.category(character) not in ("Cs", "Cn"):
            return character


def odd_prompt(source):
    return source.choice(["", " ", ", "]).join(
        source.choice(PIECES) if source.random() < 0.8 else odd_character(source)
        for _ in range(source.choice([0, 1, 2, 3, 5, 8, 30]))
    )


def fill():
    """A library over three segments; a part is in the index, a part changed since, a part new."""
    source = random.Random(42)
    images = []
    for number in range(PICTURES):
        prompt = odd_prompt(source)
        others = {
            "prompt": "",
            "negative_prompt": odd_prompt(source),
            "parameters": {"Seed": source.choice(SEEDS), "Sampler": source.choice(SAMPLERS)},
        }
        added = FIRST + timedelta(minutes=source.randrange(60 * 24 * 60))
        created = FIRST + timedelta(minutes=source.randrange(60 * 24 * 60))
        images.append(
            Image(
                id=(number + 1) * 40,
                file=f"{number}",
                thumbnail=f"{number}",
                width=1,
                height=1,
                content_type="image/png",
                file_size=source.choice([0, 7, 900, 1000, 2**21]) + source.randrange(9),
                content_hash="0" * 64,
                color="#000000",
                prompt=prompt,
                file_name=odd_prompt(source)[:255],
                metadata={"embedded": others} if source.random() < 0.5 else {},
                added_at=added,
                model=source.choice(MODELS),
                aspect_ratio=source.choice(RATIOS),
                source="imported",
                created_at=created,
                updated_at=created,
                favorite=source.random() < 0.3,
            )
        )
    for image in images:
        image.derive()
    Image.objects.bulk_create(images, batch_size=500)
    tags = Tag.objects.bulk_create(Tag(name=name, key=fold(name)) for name in TAGS)
    tags = list(Tag.objects.order_by("pk"))
    links = Image.tags.through
    links.objects.bulk_create(
        links(image_id=image.pk, tag_id=tag.pk)
        for image in images
        for tag in source.sample(tags, source.choice([0, 0, 1, 2, 3]))
    )
    for number in (0, 1):
        assert building.build_segment(number)
    ids = [image.pk for image in images]
    removal.trash_images(image_ids=source.sample(ids, 60))
    removal.delete_images(image_ids=source.sample(ids, 20))
    tagging.change_tags(image_ids=source.sample(ids, 50), add=["cat", "new"], remove=["狐"])
    upkeep.rebuild_counters(lambda done, total: None)
    images = list(Image.objects.with_tags())
    return [
        (image, fold(image.prompt), {fold(tag.name) for tag in image.tags.all()})
        for image in images
    ]


def wanted(images, question):
    """What the filters must find, in order."""
    found = []
    words, without = ([fold(word) for word in question[name]] for name in ("words", "without"))
    asked = {fold(name) for name in question["tags"]}
    for image, prompt, keys in images:
        if asked and not {
            "all": asked <= keys, "any": bool(asked & keys), "none": not asked & keys,
        }[question["tags_match"]]:  # fmt: skip
            continue
        said = image.metadata.get("embedded", {})
        facts = said.get("parameters", {})
        texts = {
            "name": fold(image.file_name),
            "negative": fold(said.get("negative_prompt", "").strip()),
            "sampler": fold(facts.get("Sampler", "")),
        }
        if any(fold(asked).strip() not in texts[name] for name, asked in question["texts"]):
            continue
        if question["seed"] is not None and facts.get("Seed", "") != question["seed"]:
            continue
        added = image.added_at.date()
        if question["added"] is not None and added < question["added"]:
            continue
        day = image.created_at.date()  # the time zone of these tests is UTC
        if (
            all(word in prompt or word in keys for word in words)
            and not any(word in prompt or word in keys for word in without)
            and (not question["model"] or image.model in question["model"])
            and (not question["aspect_ratio"] or image.aspect_ratio in question["aspect_ratio"])
            and (question["favorite"] is None or image.favorite == question["favorite"])
            and (question["start"] is None or day >= question["start"])
            and (question["end"] is None or day <= question["end"])
            and (question["min_size"] is None or image.file_size > question["min_size"])
            and (not question["untagged"] or not keys)
            and (image.trashed_at is not None) == question["trash"]
        ):
            found.append(image)
    return sorted(
        found,
        key=lambda image: (getattr(image, question["sort_by"]), image.pk),
        reverse=question["sort_order"] == "desc",
    )


def address(question):
    search = [f'"{word}"' for word in question["words"]]
    search += [f'-"{word}"' for word in question["without"]]
    if question["min_size"] is not None:
        search.append(f"size:>{question['min_size']}b")
    search += [f'{name}:"{text}"' for name, text in question["texts"]]
    if question["seed"] is not None:
        search.append(f"seed:{question['seed']}")
    if question["added"] is not None:
        search.append(f"added:>={question['added']}")
    if question["untagged"]:
        search.append("is:untagged")
    return urlencode(
        {
            "search": " ".join(search),
            "model": question["model"],
            "aspect_ratio": question["aspect_ratio"],
            "tags": ",".join(question["tags"]),
            "tags_match": question["tags_match"],
            "favorite": "" if question["favorite"] is None else str(question["favorite"]),
            "start_date": question["start"] or "",
            "end_date": question["end"] or "",
            "trash": "only" if question["trash"] else "",
            "sort_by": question["sort_by"],
            "sort_order": question["sort_order"],
        },
        doseq=True,
    )


words = (
    st.sampled_from([piece for piece in PIECES if piece.strip()])
    | st.tuples(st.sampled_from(PIECES), st.sampled_from(PIECES)).map("".join)
    | st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters='\0"'), min_size=1, max_size=3
    )
    | st.sampled_from(TAGS)
).filter(lambda word: word.strip() and fold(word).strip() and '"' not in fold(word))
days = st.dates(date(2025, 12, 15), date(2026, 3, 1))
questions = st.fixed_dictionaries(
    {
        "words": st.lists(words, max_size=2),
        "without": st.lists(words, max_size=1),
        "model": st.lists(st.sampled_from([name for name in MODELS if name]), max_size=2),
        "aspect_ratio": st.lists(st.sampled_from(RATIOS), max_size=1),
        "tags": st.lists(st.sampled_from([*TAGS, "new", "nobody"]), max_size=2),
        "tags_match": st.sampled_from(["all", "any", "none"]),
        "favorite": st.sampled_from([None, None, True, False]),
        "start": st.none() | days,
        "end": st.none() | days,
        "min_size": st.none() | st.sampled_from([0, 905, 2**21]),
        "untagged": st.sampled_from([False, False, False, True]),
        "texts": st.lists(
            st.tuples(st.sampled_from(["name", "negative"]), words)
            | st.tuples(st.just("sampler"), st.sampled_from(["euler", "A", "2m", "++"])),
            max_size=1,
        ),
        "seed": st.sampled_from([None, None, None, "1", "12", "123456789012345678901"]),
        "added": st.none() | st.none() | days,
        "trash": st.sampled_from([False, False, False, True]),
        "sort_by": st.sampled_from(["created_at", "file_size", "added_at"]),
        "sort_order": st.sampled_from(["desc", "asc"]),
    }
)


CHANGED_BEFORE_THE_EDGE = {
    "words": ["é", "ｱｲ"], "without": [], "model": [], "aspect_ratio": ["16:9"], "tags": ["ß"],
    "tags_match": "all", "favorite": None, "start": None, "end": None, "min_size": None,
    "untagged": False, "trash": False, "sort_by": "file_size", "sort_order": "asc", "texts": [],
    "seed": None, "added": None,
}  # fmt: skip
"""A walk's first pictures are such as the index does not know: none of them may be skipped."""


def counts(names):
    return sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)  # else nothing is kept of changed pictures
@pytest.mark.parametrize("way", ["few", "strata", "walk"])
def test_search_finds_what_plain_python_finds(way, settings, monkeypatch):
    settings.TIME_ZONE = "UTC"
    monkeypatch.setattr(building, "COMMON", 5)
    images = fill()
    if way != "few":  # as in a library of a million
        for room in (listing, strata):
            monkeypatch.setattr(room, "FINE_ENOUGH", 1)
        monkeypatch.setattr(listing, "DEEP", 1)
    if way == "walk":
        monkeypatch.setattr(listing, "EXACT_UP_TO", 3)
        monkeypatch.setattr(listing, "MANY", 1)
        monkeypatch.setattr(walking, "LARGEST_BATCH", 400)

    @example(question=CHANGED_BEFORE_THE_EDGE, number=1)
    @given(question=questions, number=st.integers(1, 3))
    @settings_for_search
    def compare(question, number):
        filters = ImageFilter(QueryDict(address(question)), Image.objects.all())
        assert filters.is_valid(), filters.errors
        expected = wanted(images, question)
        ids = [image.pk for image in expected]
        criteria = filters.criteria
        assert list(filters.qs.values_list("pk", flat=True)) == ids
        assert listing.exact_count(criteria) == len(ids)
        size = 7
        number = min(number, max(1, -(-len(ids) // size)))
        page = listing.find_page(criteria, page=number, page_size=size)
        assert page.ids == ids[(number - 1) * size : number * size]
        assert page.count == len(ids) if page.count_exact else page.count >= len(ids)
        assert page.count_exact or way == "walk"
        counted = facets.count_facets(facets.Question(base=criteria, choices={}))
        exact = facets.Facets(
            models=counts(image.model for image in expected),
            aspect_ratios=counts(image.aspect_ratio for image in expected),
            tags=counts(tag.name for image in expected for tag in image.tags.all()),
            months=sorted(counts(f"{image.created_at:%Y-%m}" for image in expected)),
            count_exact=True,
        )
        assert counted == exact if counted.count_exact else at_least(counted, exact)
        assert counted.count_exact or way == "walk"

    compare()


def at_least(more: facets.Facets, fewer: facets.Facets) -> bool:
    """Whether these counts are upper bounds of those."""
    return all(
        count <= dict(getattr(more, kind))[name]
        for kind in ("models", "aspect_ratios", "tags", "months")
        for name, count in getattr(fewer, kind)
    )


settings_for_search = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
