import shared


def handler(_event, _context):
    return shared.GREETING
