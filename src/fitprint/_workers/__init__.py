"""Work that is handed to workers knows there which recording it is part of: joblib's, threads, processes, pools."""
