"""From a trained model to translations: search, export, Translator."""
