"""Problems, TFRecord shards and bucketed batches."""
