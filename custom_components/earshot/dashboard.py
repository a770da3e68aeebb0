"""The card and the panel: served by Home Assistant, known to dashboards, and in the sidebar."""

import asyncio
import hashlib
import logging
from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http import StaticPathConfig
from homeassistant.components.lovelace import DOMAIN as LOVELACE
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations

from .const import CONF_DELETE, CONF_LISTEN, CONF_SIDEBAR, DOMAIN, EVERYONE
from .runtime import loaded_entries

_LOGGER = logging.getLogger(__name__)

FOLDER: Final = Path(__file__).parent / "frontend"
FILE: Final = "earshot.js"
STATIC: Final = "/earshot_static"
PANEL: Final = "earshot"
PANEL_ELEMENT: Final = "earshot-panel"
ICON: Final = "mdi:account-voice"


class Dashboard:
    """What Home Assistant's frontend knows of the integration, once for all bridges."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with nothing."""
        self._hass = hass
        self._url = ""  # of the file; empty: there is none, or no frontend
        self._title = ""
        self._extra = False  # the file is loaded on every page, as there is no list of resources that can be changed
        self._updating = asyncio.Lock()
        self._shown: tuple[bool, bool] | None = None  # the panel: in the sidebar, for administrators only

    async def serve(self) -> None:
        """Serve the folder at a path that changes with its files, so that browsers may keep them. There is no secret in them."""
        version = await self._hass.async_add_executor_job(_version, FOLDER)
        if version is None:
            _LOGGER.error("The card and the panel are missing: there is no %s in %s; install Earshot again", FILE, FOLDER)
            return
        path = f"{STATIC}/{version}"
        await self._hass.http.async_register_static_paths([StaticPathConfig(path, str(FOLDER), cache_headers=True)])
        if "frontend" in self._hass.config.components:
            self._url = f"{path}/{FILE}"
        texts = await async_get_translations(self._hass, self._hass.config.language, "common", {DOMAIN})
        self._title = texts.get(f"component.{DOMAIN}.common.panel", "Voice history")

    async def update(self) -> None:
        """Show what the loaded entries want; without any, nothing."""
        if self._url:
            async with self._updating:
                await self._update()

    async def _update(self) -> None:
        entries = loaded_entries(self._hass)
        if not entries:
            self._hide_panel()
            await self._remove_resource()
            return
        await self._add_resource()
        everyone = any(EVERYONE in (e.options.get(CONF_LISTEN), e.options.get(CONF_DELETE)) for e in entries)
        self._show_panel(in_sidebar=any(e.options.get(CONF_SIDEBAR, True) for e in entries), admin_only=not everyone)

    @callback
    def _show_panel(self, *, in_sidebar: bool, admin_only: bool) -> None:
        if self._shown == (in_sidebar, admin_only):
            return
        self._shown = (in_sidebar, admin_only)
        # Without a title it is not in the sidebar, but the card can still open it.
        frontend.async_register_built_in_panel(
            self._hass,
            "custom",
            sidebar_title=self._title if in_sidebar else None,
            sidebar_icon=ICON if in_sidebar else None,
            frontend_url_path=PANEL,
            config={"_panel_custom": {"name": PANEL_ELEMENT, "module_url": self._url, "embed_iframe": False, "trust_external": False}},
            require_admin=admin_only,
            update=True,
        )

    @callback
    def _hide_panel(self) -> None:
        if self._shown is not None:
            self._shown = None
            frontend.async_remove_panel(self._hass, PANEL)

    async def _resources(self) -> ResourceStorageCollection | None:
        """Return the list of resources, when it can be changed."""
        resources = getattr(self._hass.data.get(LOVELACE), "resources", None)
        if not isinstance(resources, ResourceStorageCollection):
            return None
        await resources.async_get_info()  # which loads it
        return resources

    async def _add_resource(self) -> None:
        resources = await self._resources()
        if resources is None:
            if not self._extra:
                self._extra = True
                frontend.add_extra_js_url(self._hass, self._url)
                _LOGGER.info(
                    "Dashboards take their resources from YAML here, so the card is loaded on every page. If it is shown as missing "
                    "now and then, add to lovelace: resources: in configuration.yaml {url: %s, type: module}, after each update",
                    self._url,
                )
            return
        ours = [item for item in resources.async_items() if str(item.get("url", "")).startswith(f"{STATIC}/")]
        if not ours:
            await resources.async_create_item({"res_type": "module", "url": self._url})
        elif ours[0]["url"] != self._url:
            await resources.async_update_item(ours[0]["id"], {"res_type": "module", "url": self._url})
        for item in ours[1:]:
            await resources.async_delete_item(item["id"])

    async def _remove_resource(self) -> None:
        if self._extra:
            self._extra = False
            frontend.remove_extra_js_url(self._hass, self._url)
        resources = await self._resources()
        if resources is None:
            return
        for item in list(resources.async_items()):
            if str(item.get("url", "")).startswith(f"{STATIC}/"):
                await resources.async_delete_item(item["id"])


def _version(folder: Path) -> str | None:
    """Return a short text that changes with the files; None without the main one."""
    if not (folder / FILE).is_file():
        return None
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{file.relative_to(folder)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]
