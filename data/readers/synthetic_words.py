"""The words of the synthetic world: themes, angles on them, and fillers that mean nothing."""

from __future__ import annotations

THEMES: dict[str, list[str]] = {
    "sailing": ["sailing boats", "small yachts", "harbour ferries", "wooden dinghies", "tall ships"],
    "bread": ["sourdough bread", "rye loaves", "fresh bagels", "country baguettes", "flatbreads"],
    "chess": ["chess openings", "chess endgames", "chess clubs", "pawns and knights", "grandmaster games"],
    "astronomy": [
        "distant galaxies",
        "the night sky",
        "comets",
        "backyard telescopes",
        "the moons of Jupiter",
    ],
    "cycling": ["racing bicycles", "mountain bikes", "city cyclists", "bicycle wheels", "tandem bikes"],
    "bees": ["honey bees", "beehives", "bumblebees", "wild pollinators", "beeswax"],
    "castles": ["medieval castles", "stone fortresses", "drawbridges", "castle towers", "royal palaces"],
    "trains": [
        "steam locomotives",
        "night trains",
        "railway stations",
        "mountain railways",
        "freight wagons",
    ],
    "pottery": ["clay pots", "porcelain bowls", "ceramic tiles", "glazed vases", "pottery wheels"],
    "birds": ["migrating birds", "garden owls", "sparrows", "eagles", "sea gulls"],
    "guitars": [
        "acoustic guitars",
        "electric guitars",
        "guitar strings",
        "bass guitars",
        "banjos and ukuleles",
    ],
    "cheese": ["goat cheese", "blue cheese", "alpine cheesemakers", "mozzarella", "old cheddar"],
}

ANGLES: dict[str, list[str]] = {
    "history": [
        "the history of {}",
        "{} in the nineteenth century",
        "the ancient origins of {}",
        "how our ancestors saw {}",
    ],
    "repair": [
        "repairing {}",
        "how to fix broken {}",
        "restoring worn {}",
        "a workshop manual for damaged {}",
    ],
    "economics": [
        "the price of {}",
        "who earns money with {}",
        "markets and trade in {}",
        "investing in {}",
    ],
    "photography": [
        "photographing {}",
        "{} through the camera lens",
        "portraits and pictures of {}",
        "a photo album of {}",
    ],
    "children": [
        "{} explained to children",
        "a bedtime story about {}",
        "{} for curious kids",
        "nursery rhymes about {}",
    ],
    "law": [
        "legal rules for {}",
        "court cases about {}",
        "{} and the law",
        "licences and regulations for {}",
    ],
    "health": [
        "{} and your health",
        "allergies, injuries and {}",
        "what doctors say about {}",
        "the medical benefits of {}",
    ],
    "competition": [
        "the world championship of {}",
        "winning prizes with {}",
        "a contest of {}",
        "judges, medals and {}",
    ],
    "travel": [
        "travelling to see {}",
        "a tourist guide to {}",
        "{} on a road trip abroad",
        "holidays among {}",
    ],
    "science": [
        "the physics of {}",
        "laboratory experiments with {}",
        "what scientists measure in {}",
        "a research survey of {}",
    ],
    "philosophy": [
        "the meaning of {}",
        "a philosophical essay on {}",
        "what {} teach us about life",
        "ethics and {}",
    ],
    "beginners": [
        "{} for beginners",
        "first lessons in {}",
        "a starter course on {}",
        "learn the basics of {}",
    ],
}

# Three blanks, so that about one title in five has no filler.
FILLERS: list[str] = [
    "",
    "",
    "",
    "revisited",
    "in practice",
    "today",
    "a short introduction",
    "notes from the north",
    "volume two",
    "with friends",
    "and other questions",
    "a personal view",
    "updated edition",
    "in ten chapters",
]
