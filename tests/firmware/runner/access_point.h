/* Where every application joins. Can be replaced with -D, see the Makefile's DEFS. */
#ifndef ACCESS_POINT_H
#define ACCESS_POINT_H

#ifndef WIFI_SSID
#define WIFI_SSID "espat-sim"
#endif
#ifndef WIFI_PASSWORD
#define WIFI_PASSWORD "correct horse"
#endif

#endif
