/** What Home Assistant's integration serves: the dashboard card and the page in the sidebar. */
import "./card";
import "./panel";
