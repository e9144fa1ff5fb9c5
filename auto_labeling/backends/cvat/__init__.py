"""CVAT behind AnnotationBackend: a real server, spoken to through its SDK."""
