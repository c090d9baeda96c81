"""What a newcomer looks at first; served in development only."""

from fastapi import APIRouter

router = APIRouter(tags=["Demo"])
