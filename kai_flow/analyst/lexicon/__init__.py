"""The words of two languages: tokens, stems, concepts, numbers and periods."""
