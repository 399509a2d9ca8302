"""ColdLLM: a cheap filter proposes users for a new item, a language model says yes or no to each of them."""
